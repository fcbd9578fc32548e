"""The methods of this package behind the interfaces of others; each needs the package that it is for."""
