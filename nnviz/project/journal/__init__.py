"""The journal: what a session would lose if it ended now is on the disk already.

Every open session has a folder with a log, a lock that tells whether the session lives, and the samples that it has
read from files. Changes of settings, drawings included, are written at once; measurements and keyframes now and then.
What the log says of the runs is one document like that of a project file, told by its differences from one record to
the next. A log that has grown too long is written anew.
"""
