"""The parts of compose.yaml as plain processes: what `make up` and `make down` do where no container engine answers."""
