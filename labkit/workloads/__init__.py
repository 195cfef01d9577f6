"""What happens in the world: machines and their load, and the incidents that befall them."""
