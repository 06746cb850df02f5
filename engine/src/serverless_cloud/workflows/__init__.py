"""Step Functions' own rules, without moto: paths, JSONata, definitions, an execution's clock."""
