"""What goes out: Prometheus text, readable views, alerts, HTTP. Knows neither Faust nor Redis."""
