"""Views: pictures and pages."""
