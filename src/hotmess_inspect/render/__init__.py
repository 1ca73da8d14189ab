"""Results as text, frames, figures and pages."""
