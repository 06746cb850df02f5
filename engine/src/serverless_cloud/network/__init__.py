"""The network of functions: interfaces in the subnets of a VPC, shared as since 2019 or one for each environment."""
