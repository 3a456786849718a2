"""HTTP below the views: parameters, responses, compression, authentication, the access log."""
