"""Projects: all runs of a session in one file, saved in one step, and a journal from which a crash takes nothing.

A `.nnviz` file is a zip archive that any tool opens:

    project.json            format and app version, order of the runs, which is in front and which are compared
    runs/N/run.json         a run: name, settings, chapters, events, keyframes by place, what the user noted
    runs/N/experiment.toml  its settings as they are now, for people
    runs/N/history.npz      its measurements, a column per array
    data/DIGEST.npz         samples that came from a file, so that a run can be repeated without that file
    keyframes/DIGEST.npz    states of the training; two that are equal are stored once

Settings come first, so that a file that was cut off still gives them. Numbers are NPY arrays without pickle. What is
large is named by a digest of its contents and read only when it is asked for.
"""
