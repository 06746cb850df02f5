"""CloudFormation: templates become resources, by the same calls of the services that anybody makes.

`documents` reads a template, `transform` turns SAM into CloudFormation, `template` and `checks` refuse what is
malformed, `rules` judges the parameters, `intrinsics` works out the functions, `preview` the ones that are known before
anything is made, `schemas` and `kinds` know the types of resources, `engine` makes, changes, rolls back and deletes,
`operations` and `change_sets` are the calls of CloudFormation, `query` is the form in which they come. `packaging` and
`deploying` are for the caller's side, the work of `sam deploy`. Nothing here is moto's; its CloudFormation is not used.
"""
