"""The page and the JSON API that claims staff use on their own machine; nothing that is sent to them is kept or passed on."""
