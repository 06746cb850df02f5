"""The live view of what runs in the local cloud: the same page in a notebook and in a browser tab.

moment.py     what there is to see at one moment
words.py      the same as sentences
view.js       draws it and keeps the last minutes
page.py       serves it to a browser tab (`serverless-cloud --view`)
widget.py     shows it in a notebook (`aws.show()`), and ends with its cell
recording.py  plays what it has seen, without a kernel
"""
