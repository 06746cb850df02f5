#: breaks: tenth
#: expects: More memory doesn't help
#: because: A slow function is thought to be a small one.
from pathlib import Path

Path("sale.py").write_text(Path("sale_before.py").read_text())
deploy("hikari-sale", "sale.py")
functions.update_function_configuration(FunctionName="hikari-sale", MemorySize=1024)
