# lock.py FILE BYTE READY: hold an exclusive open-file-description lock on that byte of the file (which
# is made if need be) until we are killed; make the file READY once we have it.
import fcntl
import os
import struct
import sys
import time

F_OFD_SETLK = 37

fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.fcntl(fd, F_OFD_SETLK, struct.pack("hhqqhh", fcntl.F_WRLCK, os.SEEK_SET, int(sys.argv[2]), 1, 0, 0))
open(sys.argv[3], "w").close()
time.sleep(3600)
