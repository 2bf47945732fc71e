"""``python -m ntm_analysis`` is ``ntm``."""

import sys

if __name__ == "__main__":
    try:
        from .cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # while the libraries were still being read
        sys.exit(130)
