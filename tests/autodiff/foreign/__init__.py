"""Shims under which the test suites of other packages run on this one."""
