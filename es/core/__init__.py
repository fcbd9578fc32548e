"""What every optimizer is: ask and tell, counting, stopping, ranking, saving."""
