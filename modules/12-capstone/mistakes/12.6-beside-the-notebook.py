#: breaks: page
#: expects: There is no page yet: hikari-shop/page.html
#: because: the page goes beside the notebook, where it is easy to find
#: replaces: 3
#: fills: gap 1
_ = capstone.write_page("page.html", "hikari-shop/price.py", reasons)
