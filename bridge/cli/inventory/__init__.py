"""`roombridge rooms`, `lists`, `endpoints` and `inventory`: what facilities staff look after."""
