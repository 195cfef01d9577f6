"""What a lab is made of before there is any AWS in it: time, facts, ports, journal, ids."""
