"""One file a chapter: the exercise's world, what is judged, what is said."""
