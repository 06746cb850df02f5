"""The IAM actions of S3's requests.

Sources: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"; Amazon S3 User Guide,
"Required permissions for Amazon S3 API operations".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote
from xml.sax.saxutils import unescape

from serverless_cloud.iam.actions import WebRequest
from serverless_cloud.iam.policies import Request

#: Parameter of a bucket's URL -> the part after Get and Put in the action's name.
_BUCKET = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "location": "BucketLocation",
    "logging": "BucketLogging",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "policyStatus": "BucketPolicyStatus",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
    "analytics": "AnalyticsConfiguration",
    "inventory": "InventoryConfiguration",
    "metrics": "MetricsConfiguration",
}
_LISTS = {"versions": "ListBucketVersions", "uploads": "ListBucketMultipartUploads"}
_OBJECT = {
    "acl": "ObjectAcl",
    "tagging": "ObjectTagging",
    "retention": "ObjectRetention",
    "legal-hold": "ObjectLegalHold",
}


def requests_of(request: WebRequest) -> Iterator[Request]:
    """The actions and resources that a request to S3 needs.

    Args:
        request: its path names the bucket, then the key.
    """
    bucket, _, key = request.path.lstrip("/").partition("/")
    if not bucket:
        yield Request("s3:ListAllMyBuckets", "*")
    elif key:
        yield from _of_an_object(request, f"arn:aws:s3:::{bucket}/{key}")
    else:
        yield from _of_a_bucket(request, f"arn:aws:s3:::{bucket}")


def _of_a_bucket(request: WebRequest, bucket: str) -> Iterator[Request]:
    method, query = request.method, request.query
    if method == "POST" and "delete" in query:
        for key in re.findall(rb"<Key>(.*?)</Key>", request.body, re.DOTALL):
            name = unescape(key.decode(errors="replace"), {"&quot;": '"', "&apos;": "'"})
            yield Request("s3:DeleteObject", f"{bucket}/{name}")
        return
    for name, ending in _BUCKET.items():
        if name in query:
            verb = "Get" if method in ("GET", "HEAD") else "Put"
            if method == "DELETE" and ending in ("BucketPolicy", "BucketWebsite"):
                verb = "Delete"
            yield Request(f"s3:{verb}{ending}", bucket)
            return
    if method in ("GET", "HEAD"):
        named = next((action for name, action in _LISTS.items() if name in query), "ListBucket")
        keys = {f"s3:{name}": [query[name]] for name in ("prefix", "delimiter", "max-keys") if name in query}
        yield Request(f"s3:{named}", bucket, keys)
    else:
        yield Request("s3:CreateBucket" if method == "PUT" else "s3:DeleteBucket", bucket)


def _of_an_object(request: WebRequest, arn: str) -> Iterator[Request]:
    method, query = request.method, request.query
    version = "Version" if "versionId" in query else ""
    for name, ending in _OBJECT.items():
        if name in query:
            verb = {"GET": "Get", "HEAD": "Get", "DELETE": "Delete"}.get(method, "Put")
            versioned = ending.replace("Object", "ObjectVersion") if version and name in ("acl", "tagging") else ending
            yield Request(f"s3:{verb}{versioned}", arn)
            return
    if method in ("GET", "HEAD"):
        if "uploadId" in query:
            yield Request("s3:ListMultipartUploadParts", arn)
            return
        yield Request(f"s3:GetObject{version}", arn)
        if "attributes" in query:
            yield Request(f"s3:GetObject{version}Attributes", arn)
    elif method == "DELETE":
        yield Request("s3:AbortMultipartUpload" if "uploadId" in query else f"s3:DeleteObject{version}", arn)
    elif "restore" in query:
        yield Request("s3:RestoreObject", arn)
    else:
        if source := request.headers.get("x-amz-copy-source"):
            yield Request("s3:GetObject", f"arn:aws:s3:::{unquote(source.split('?')[0]).lstrip('/')}")
        yield Request("s3:PutObject", arn)
        if "x-amz-tagging" in request.headers:
            yield Request("s3:PutObjectTagging", arn)
