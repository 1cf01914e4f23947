"""The page and JSON API of claims staff; nothing that is sent to them is kept or passed on."""
