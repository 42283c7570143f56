"""Open the course, or prove that it works: the one command of Unrolled.

    python start.py [options]            open the course in JupyterLab
    python start.py test [options]       test the helpers and run every notebook; --all adds what takes minutes
    python start.py notebooks [names]    run the notebooks again and store their outputs
    python start.py quiz                 shapes to be guessed, in this terminal, with a score
    python start.py slides [names]       make slides of the notebooks, in build/slides
    python start.py site [folder]        write the course as plain pages, to be read without a kernel
    python start.py publish <address>    put badges and the lines that fetch the helpers into every notebook
    python start.py runtimes [names]     run the tests with the oldest, Colab's, and the newest packages
    python start.py mutations [options]  plant faults in a copy, and count how many the tests catch

Further options go to JupyterLab (--no-browser, --port 8899) or to pytest (-k shapes). The first start makes the
folder .venv and installs the pinned packages into it; later starts find that done and install nothing.
"""

import os
import sys

# In this file there is only syntax that Python 2.7 can read: an old Python must get far enough to say what it needs.
OLDEST = (3, 11)
if sys.version_info < OLDEST:
    sys.exit(
        "Unrolled needs Python {0}.{1} or newer, and this is Python {2}: install a newer Python and start again "
        "with it, for example `python{0}.{1} start.py`.".format(OLDEST[0], OLDEST[1], sys.version.split()[0])
    )

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "tools"))

from launcher import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __doc__))
