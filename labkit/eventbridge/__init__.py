"""EventBridge: buses, rules and targets, what AWS's services tell, archives and replays."""
