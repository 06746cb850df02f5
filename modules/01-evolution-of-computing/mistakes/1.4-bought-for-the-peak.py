#: breaks: cost
#: expects: bought for the peak and sits idle
#: because: Nothing is lost, and nobody looks at what it costs.
#: fills: gap 1
    return shop.bought(1.2 * yesterday.peak_per_s)
