"""The engine version that this machine has."""

from __future__ import annotations

from moto.core.responses import ActionResult
from moto.rds.responses import RDSResponse

from serverless_cloud.core.patches import Service
from serverless_cloud.services.rds.instances import installed

patches = Service("rds")


@patches.replaces(
    "moto.rds.responses:RDSResponse.describe_db_engine_versions",
    expects="",
    upstream="DescribeDBEngineVersions exists.",
)
def describe_db_engine_versions(response: RDSResponse) -> ActionResult:
    found = installed()
    family = f"postgres{found.major}"
    row = {
        "Engine": "postgres",
        "EngineVersion": found.version,
        "MajorEngineVersion": str(found.major),
        "DBParameterGroupFamily": family,
        "DBEngineDescription": "PostgreSQL",
        "DBEngineVersionDescription": f"PostgreSQL {found.version}",
        "Status": "available",
    }
    asked = {
        "Engine": ("postgres",),
        "EngineVersion": (found.version, str(found.major)),
        "DBParameterGroupFamily": (family,),
    }
    fits = all(response.params.get(name, known[0]) in known for name, known in asked.items())
    return ActionResult({"DBEngineVersions": [row] if fits else []})
