"""Colors: Okabe and Ito's palette, told apart with any kind of color vision, for every picture there is.

Source: Okabe, Ito, "Color Universal Design", 2008.
"""

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666666"
PINK, YELLOW, SKY = "#CC79A7", "#E69F00", "#56B4E9"
