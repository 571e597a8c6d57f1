"""What a profile needs and this machine lacks, told before a long run."""
