"""dbt models in, only the changes out: compare, plan, deliver, acknowledge."""

__version__ = "0.1.0"
