"""The words sent to a model and the taxonomies. Files only; `papercards.prompting` reads them."""
