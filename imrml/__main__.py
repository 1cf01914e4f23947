"""``python -m imrml`` is the command ``imrml``."""

from imrml.cli import main

if __name__ == "__main__":
    main()
