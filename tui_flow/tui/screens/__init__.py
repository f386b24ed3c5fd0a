"""The views, and the dialogs on top of them."""
