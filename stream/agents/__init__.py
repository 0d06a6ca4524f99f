"""What runs: the composition root, the transport, the lanes. Only here is Faust known."""
