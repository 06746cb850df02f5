#: breaks: other-coupons
#: expects: A coupon that Hikari never gave out.*FLASH20
#: because: The learner thinks that all coupons of the sale begin alike and take off the same.
#: changes: gap 1
-    if event.get("coupon") == "FLASH10":
+    if event.get("coupon", "").startswith("FLASH"):
