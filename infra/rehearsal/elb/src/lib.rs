//! Elastic Load Balancing v2 in miniature, with a real HTTP/1.1 data plane.
