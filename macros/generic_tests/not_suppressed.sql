{#- Nobody in this identity column stands in the suppression model. `until` is its column with the
    last day of a suppression; every row counts without it. Returns who does, and why. -#}
{% test not_suppressed(model, column_name, suppressions, key=none, reason='reason', until=none) %}

select
    suppressed.{{ key or column_name }} as identity_id,
    suppressed.{{ reason }} as reason
from {{ suppressions }} as suppressed
where
    {{ activation._person('suppressed.' ~ (key or column_name)) }} in (
        select {{ activation._person('here.' ~ column_name) }} from {{ model }} as here
    )
    {%- if until is not none %}
    and (
        suppressed.{{ until }} is null
        or cast(suppressed.{{ until }} as date) >= {{ activation.as_of() }}
    )
    {%- endif %}

{% endtest %}
