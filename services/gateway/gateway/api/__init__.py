"""The gateways' HTTP: who may call, what goes to an owner, and what is answered from the view."""
