"""The catalog's routes: pictures that are kept, what is known of them, and how they come and go."""
