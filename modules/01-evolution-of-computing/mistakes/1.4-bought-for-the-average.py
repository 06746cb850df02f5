#: breaks: served
#: expects: bought for less than the peak
#: because: The fleet fits the mean of the day.
#: fills: gap 1
    return shop.bought(1.2 * yesterday.mean_per_s)
