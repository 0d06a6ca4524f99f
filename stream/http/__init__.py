"""HTTP: one module for each resource, composed by `stream.http.application`."""
