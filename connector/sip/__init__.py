"""SIP as far as room systems need it: RFC 3261 with REFER, digest and calls between two others.

Messages are read with bounds and written exactly; descriptions of media pass through as they are.
Nothing here knows of rooms or bookings.
"""
