"""The torch modules behind the catalogue of nets."""
