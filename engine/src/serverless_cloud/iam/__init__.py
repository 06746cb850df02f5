"""IAM's decisions, without moto: policies, the action and the resource of a request, the words of a refusal."""
