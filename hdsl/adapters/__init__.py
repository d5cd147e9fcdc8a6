"""What hdsl is to other libraries: each file needs one that hdsl itself does without, and is loaded when it is asked for."""
