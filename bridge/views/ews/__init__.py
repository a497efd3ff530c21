"""The Exchange façade: each room system that reads EWS finds its room's calendar here.

https://learn.microsoft.com/exchange/client-developer/web-service-reference/, in the words and the
prefixes that Exchange itself uses: some units look for them letter by letter (EP-29).
"""
