"""What a profile needs and this machine lacks, told before a long run: `python -m sppe_lib.tools.preflight [PROFILE]`."""
