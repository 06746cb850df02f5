#: breaks: ten-percent
#: expects: The price is wrong.*FLASH10
#: because: The learner takes the ten of the coupon's name for yen.
#: changes: gap 1
-        price_yen = price_yen * 90 // 100
+        price_yen -= 10
