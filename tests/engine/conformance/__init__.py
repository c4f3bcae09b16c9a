"""What conform.py consists of: a peer that speaks mq-engine(7), and the cases."""
