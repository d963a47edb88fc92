// The tests of YAML.
