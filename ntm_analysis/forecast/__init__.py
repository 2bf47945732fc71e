"""Whether every commune will finish by the deadline; forecasts registered and scored."""
